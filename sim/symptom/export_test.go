package symptom

// Drops are the reasons that have words of their own.
func Drops() map[int]Meaning { return drops() }
