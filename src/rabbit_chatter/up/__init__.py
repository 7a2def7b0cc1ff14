"""Private local processes: what `rabbit-chatter up` starts, and the broker that tests have for themselves."""
