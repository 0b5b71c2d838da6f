"""People, teams, services and calendars: who is who on which system, and who stands in for whom."""
