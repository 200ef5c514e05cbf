tocsin test --junit rules.xml
