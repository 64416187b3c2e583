"""Who asks and what they may read: keys and tokens, permissions of a code host, the audit log."""
