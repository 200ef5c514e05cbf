"""Who hears it: responders, the on-call schedules that say whose turn it is, the policies that climb on."""
