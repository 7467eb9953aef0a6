"""The errors of realtime, `<Code>: <text>`, for joins, tokens and handshakes.

In charge of the messages of supabase/realtime for errors that other rooms word differently. Must
not know when a request is refused.
"""

from __future__ import annotations

from jotbase.errors import AccessError, ChannelError

UNMATCHED = "unmatched topic"
KEY_MISSING = "API key is missing"
KEY_UNKNOWN = "Invalid API key"
SESSION_ENDED = "The session of this token has ended"
TOKEN_EXPIRED = "Token has expired"
MESSAGE_RATE = "Too many messages per second"
PRESENCE_RATE = "Client presence rate limit exceeded"
PRESENCE_SIZE = "Track message size exceeded"
REPLAY_FAILED = "Realtime was unable to replay messages"
PRESENCE_FULL = "Too many bytes are tracked on the server"

_MALFORMED = ("Expected 3 parts", "JWT couldn't be decoded", "Empty JWT")


def reason(error: ChannelError) -> str:
    """Return the text of a refused join."""
    return f"{error.code}: {error.message}"


def topic_missing() -> ChannelError:
    """Return the refusal of `realtime:` alone."""
    return ChannelError("TopicNameRequired", "You must provide a topic name")


def too_many_channels() -> ChannelError:
    """Return the refusal of a channel beyond the limit of a socket."""
    return ChannelError("ChannelRateLimitReached", "Too many channels")


def too_many_bindings() -> ChannelError:
    """Return the refusal of a channel with too many bindings."""
    return ChannelError("ChannelRateLimitReached", "Too many postgres_changes bindings")


def too_many_bytes() -> ChannelError:
    """Return the refusal of filters that are too long together."""
    return ChannelError("ChannelRateLimitReached", "Too many bytes of postgres_changes filters")


def capacity_exceeded() -> ChannelError:
    """Return the refusal beyond the limits of all sockets together, or of one address."""
    return ChannelError("ConnectionRateLimitReached", "Too many channels on the server")


def too_many_sockets() -> ChannelError:
    """Return the refusal of a socket beyond the limit of an address or a user."""
    return ChannelError("ConnectionRateLimitReached", "Too many connected users")


def too_many_joins() -> ChannelError:
    """Return the refusal of a join beyond the rate limit of a socket, an address or a user."""
    return ChannelError("ClientJoinRateLimitReached", "Too many joins per second")


def topic_too_long() -> ChannelError:
    """Return the refusal of a topic too long for binary frames."""
    return ChannelError("TopicNameTooLong", "A topic has at most 255 bytes")


def presence_key_too_long() -> ChannelError:
    """Return the refusal of a presence key that is too long to be sent to everybody."""
    return ChannelError("PresenceKeyTooLong", "A presence key has at most 255 bytes")


def private_channel_denied(subtopic: str) -> ChannelError:
    """Return the refusal of a private channel whose messages the caller may not read."""
    text = f"You do not have permissions to read from this Channel topic: {subtopic}"
    return ChannelError("Unauthorized", text)


def replay_refused(why: str) -> ChannelError:
    """Return the refusal of a join that wants messages to be told again."""
    return ChannelError("UnableToReplayMessages", why)


def right_lost(subtopic: str, *, all_of_them: bool) -> str:
    """Return why a private channel ends whose token may read less than the one before."""
    verb = "You do not have permissions" if all_of_them else "You no longer have permission"
    return f"{verb} to read from this Channel topic: {subtopic}"


def token_expired() -> ChannelError:
    """Return the refusal of an expired token."""
    return ChannelError("InvalidJWTToken", TOKEN_EXPIRED)


def token_refusal(error: AccessError) -> ChannelError:
    """Return realtime's error for a token that was refused."""
    if error.message == "JWT expired":
        return token_expired()
    if error.code == "PGRST303" or error.message == SESSION_ENDED:
        return ChannelError("InvalidJWTToken", error.message)
    if error.message.startswith(_MALFORMED):
        return ChannelError("MalformedJWT", "The token provided is not a valid JWT")
    return ChannelError("JwtSignatureError", "Failed to validate JWT signature")
