tocsin drill --receiver on-call
