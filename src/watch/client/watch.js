// What the pages that rbgen watch serves run: it hears of each round, and reloads or swaps styles.
