"""WebSockets: channels, frames, replay."""
