tocsin oncall swap payments "2026-12-19 12:00" "2026-12-26 12:00" --comment "ada has family there"
