tocsin test
tocsin test rules.test.yaml --only hangs
