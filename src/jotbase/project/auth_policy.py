"""The policy of accounts that a project's settings define.

In charge of which setting is which member of the policy. Must not know what a member does.
"""

from __future__ import annotations

from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.settings import Settings


def auth_policy(settings: Settings, url: str) -> AuthPolicy:
    """Return the policy of accounts that the settings define."""
    return AuthPolicy(
        issuer=f"{url}/auth/v1",
        audience=settings.jwt_aud or "authenticated",
        access_lifetime=settings.jwt_expiry,
        reuse_interval=settings.refresh_reuse_interval,
        signup_disabled=settings.disable_signup,
        anonymous_users=settings.anonymous_users,
        manual_linking=settings.manual_linking,
        mfa_totp=settings.mfa_totp,
        session_time_box=settings.session_timebox,
        session_inactivity=settings.session_inactivity,
        password_min_length=settings.password_min_length,
        secure_password_change=settings.secure_password_change,
        autoconfirm=settings.autoconfirm,
        site_url=settings.site_url or url,
        link_page=settings.link_page,
        redirect_urls=settings.redirect_urls,
        otp_expiry=settings.otp_expiry,
        otp_length=settings.otp_length,
        mail_spacing=settings.mail_spacing,
        mail_rate=settings.mail_rate,
    )
