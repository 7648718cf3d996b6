"""From a complaint in anybody's words to likely causes, and to the checks that tell them apart; all of it local."""
