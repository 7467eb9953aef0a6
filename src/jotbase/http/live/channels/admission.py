"""Authentication and authorization of the channels of one socket: at a join, and for a new token.

In charge of verifying tokens and of the rights on private topics. Must not know messages.
"""

from __future__ import annotations

from jotbase.auth.tokens.tokens import has_expired
from jotbase.errors import AccessError
from jotbase.http.live.channels.joined import Channel, ChannelServices
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.protocol import PREFIX
from jotbase.realtime.rooms.topic_rules import ALL_RIGHTS, Right
from jotbase.values import Principal

#: The rights that are asked for at the join; the others are, when they are first needed.
_READING = (Right.READ, Right.READ_PRESENCE)
Rights = frozenset[Right]


class Admission:
    """Authorizes the channels of one socket; `key` and `principal` are those of its handshake."""

    def __init__(self, services: ChannelServices, key: str, principal: Principal) -> None:
        self._services = services
        self._key = key
        self._principal = principal

    async def admit(
        self, topic: str, token: str | None, *, private: bool
    ) -> tuple[Principal, Rights]:
        """Return the principal of a token and its rights to read the topic.

        A revocation during the check is noticed: nothing is awaited after the last check. Raises
        ChannelError for an invalid token, and if the principal may read nothing of the topic.
        """
        live, mark = self._services.credentials.live, None
        while True:
            principal = await self._who(token)
            mark = live.mark()
            rights = await self.reading(principal, topic, private=private)
            if token in (None, self._key) or mark == live.mark():
                break
        if has_expired(principal, self._services.now()):
            raise channel_errors.token_expired()
        if not rights:
            raise channel_errors.private_channel_denied(topic.removeprefix(PREFIX))
        return principal, rights

    async def reading(self, caller: Principal, topic: str, *, private: bool) -> Rights:
        """Return which of the rights to read a topic the caller has."""
        if not private:
            return ALL_RIGHTS
        return await self._services.access.permitted(caller, topic, _READING)

    async def may(self, channel: Channel, right: Right) -> bool:
        """Return whether the channel has a right to write; cached until its next token."""
        if not channel.request.private:
            return True
        granted, caller = channel.granted, channel.principal
        if right not in granted:
            permitted = await self._services.access.permitted(caller, channel.topic, (right,))
            granted[right] = right in permitted
        return granted[right] and not channel.closed

    async def _who(self, token: str | None) -> Principal:
        credentials, principal, mark = self._services.credentials, self._principal, None
        try:
            while token not in (None, self._key) and mark != credentials.live.mark():
                mark = credentials.live.mark()
                principal = await credentials.token(token)
        except AccessError as error:
            raise channel_errors.token_refusal(error) from error
        return principal
