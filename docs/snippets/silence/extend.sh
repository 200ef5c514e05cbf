tocsin silence extend 9c1e44d0a7b2f380 --by 1h
