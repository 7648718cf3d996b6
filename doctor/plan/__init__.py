"""What a remedy means on this machine: the exact command, request or edit. Pure functions of facts; nothing is done."""
