tocsin oncall handover payments
