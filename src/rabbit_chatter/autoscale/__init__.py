"""As many processes of bots as depth, wait and flow ask for."""
