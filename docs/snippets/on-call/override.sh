tocsin oncall override add payments cyd --from "2026-12-18 18:00" --to "2026-12-19 09:00" --comment "ada is at a wedding"
tocsin oncall override list
