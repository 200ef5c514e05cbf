"""Who hears it: responders, and the on-call schedules that say whose turn it is at any instant."""
