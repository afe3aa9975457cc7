"""The syntax of questions: words, phrases, patterns and operators."""
