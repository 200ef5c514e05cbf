tocsin oncall link payments
tocsin oncall link --responder ada
