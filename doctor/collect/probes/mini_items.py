"""P24's passages and questions: four subjects with three near neighbours each, and questions in other words.

A question shares no rare word with its passage, so that only meaning leads there; its two neighbours are about the same
subject, so that the subject alone is not enough.
"""

PASSAGES = (
    # a kitchen
    "Dried beans soften sooner when they have stood in cold water since the evening before.",
    "A cast iron pan keeps its black coat if it is wiped with oil and never scrubbed with soap.",
    "Egg whites turn into firm foam only in a bowl without the slightest trace of fat.",
    # a garden
    "Cut roses back in early spring, just above a bud that points away from the middle of the bush.",
    "Slugs stay away from lettuce beds that are ringed with crushed shells or dry ash.",
    "Young tomatoes are hardened off by standing outside for a few hours a day before they are planted.",
    # a boat
    "The keel holds the yacht upright and stops it from being pushed sideways by the wind.",
    "A reef is taken in the mainsail when gusts grow so strong that the boat heels too far.",
    "The anchor bites best when three to five times the depth of chain is let out.",
    # money
    "A fixed rate protects a borrower from rising interest for as long as the contract lasts.",
    "Shares of many companies in one fund spread the danger that a single firm fails.",
    "Whoever leaves a job before the end of the year may get part of the taxes back.",
)
# Each with the number of its passage.
QUESTIONS = (
    ("How can I make pulses cook faster?", 0),
    ("Why will my meringue not become stiff?", 2),
    ("How do I keep snails off my salad plants?", 4),
    ("What should be done with the canvas in a storm?", 7),
    ("How do I avoid higher payments on my mortgage?", 9),
    ("Is it safer to own stock in more than one business?", 10),
)
MORE_QUESTIONS = (
    ("What is the right way to clean a skillet?", 1),
    ("When is the best moment to prune a flowering shrub?", 3),
    ("How do seedlings get used to the open air?", 5),
    ("What prevents a sailing vessel from tipping over and drifting?", 6),
    ("How much cable does a ship need to stay in place?", 8),
    ("Can I get a refund from the revenue office after I quit?", 11),
    ("Do I need to soak legumes overnight?", 0),
    ("May I wash seasoned cookware with detergent?", 1),
    ("A bit of yolk fell in, does that matter for whipping?", 2),
    ("Where exactly do I place the shears on the stem?", 3),
    ("Which barrier do molluscs not cross?", 4),
    ("Can plants from the windowsill go straight into the bed?", 5),
    ("What is the fin under the hull for?", 6),
    ("It blows hard and we lean over, what now?", 7),
    ("We drag over the bottom at night, what did we do wrong?", 8),
    ("Will my loan become more expensive next year?", 9),
    ("All my savings are in one enterprise, what can I do?", 10),
    ("I worked only until August, what about the tax I paid?", 11),
)
