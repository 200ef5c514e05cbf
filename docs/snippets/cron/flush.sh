tocsin flush
