tocsin send-test on-call
