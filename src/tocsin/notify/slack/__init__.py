"""How Slack is spoken to, and how it speaks back."""
