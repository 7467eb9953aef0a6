"""Second factors: authenticator apps, their enrolment and the check of their codes."""
