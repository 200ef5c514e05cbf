tocsin oncall export payments -o payments.ics
tocsin oncall export --responder ada -o ada.ics
