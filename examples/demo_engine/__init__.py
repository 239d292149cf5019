"""The demo engine: a prompt in, a procedural picture out, with everything a real engine does."""
