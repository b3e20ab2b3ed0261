"""The Explain tab: where one number comes from, as words, a formula, pictures, terms, shares and code."""
