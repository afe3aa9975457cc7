"""Text analysis: terms, sentences, languages, phrases, boilerplate."""
