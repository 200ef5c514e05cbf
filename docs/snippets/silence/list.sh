tocsin silence list
