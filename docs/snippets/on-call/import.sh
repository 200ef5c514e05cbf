tocsin oncall import payments holiday.ics
