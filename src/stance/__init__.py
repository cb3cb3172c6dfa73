"""Who takes which stance towards what in the news."""
