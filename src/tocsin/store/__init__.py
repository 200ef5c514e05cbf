"""Where it is kept: one interface, an embedded store and a shared one."""
