tocsin oncall override remove 9c1e44d0a7b2f380
