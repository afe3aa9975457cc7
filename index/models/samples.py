"""Sample texts for the check of an exported model.

The texts were written for this check. Their lengths are those of paragraphs in
articles.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SAMPLES"]

_LONG: Final = (
    "The inquiry sat for eleven weeks and heard from ninety-four witnesses. Its chair, a retired "
    "judge, began by asking why the warnings of the port's own engineers had gone unread for two "
    "winters, and nobody in the room could tell her. A clerk produced the minutes of the meeting "
    "at which the crane's inspection had been put off; a foreman described the sound that it made "
    "in a north wind; the widow of the operator read out the messages that he had sent from the "
    "cabin. On the fourth day the company's finance director conceded that maintenance had been "
    "cut by a third to pay for a new office, and that the insurers had not been told. The union "
    "called for charges to be brought. The ministry, which had certified the crane fourteen "
    "months before it fell, said that it would study the findings. By then the harbour had "
    "reopened, the wreck had been sold for scrap, and three of the five families had accepted a "
    "settlement whose terms they may not discuss. The report, when it came, ran to six hundred "
    "pages and named no one. Its forty recommendations ask for independent inspectors, a public "
    "register of lifting gear, and a law that protects those who speak up; only the register has "
    "so far been begun, by volunteers, from their own photographs."
)

SAMPLES: Final[tuple[str, ...]] = (
    "Correction",
    "Photo: the old mill at dusk.",
    "Who pays for the new bridge?",
    "MARKETS CLOSE HIGHER AFTER RATE DECISION",
    "Rain is expected from Thursday.",
    "Turnout was 61.4%, up from 58.9% in 2019.",
    "“We were never asked,” said the mayor of the village, who is 34.",
    "The striker scored twice in the last ten minutes to win the cup for the visitors.",
    "A vaccine against the fever worked in four of five patients, doctors in Lagos report.",
    "Police closed the motorway in both directions for five hours after a lorry carrying solvents "
    "overturned near the airport exit.",
    "The central bank raised its key rate by a quarter of a point to 4.25 per cent, the ninth rise "
    "in a row, and said that inflation would not return to its target before next spring.",
    "Beekeepers in the valley lost two thirds of their colonies this winter, and blame a mite that "
    "arrived with imported queens.",
    "Her third novel follows a lighthouse keeper's daughter through one night of storm; it is "
    "shorter, stranger and better than the two before it.",
    "Parliament voted by 212 to 198 to let the treaty lapse. The foreign minister had pleaded for "
    "another year of talks, and three members of her own party left the chamber before the count.",
    "Engineers restored power to the northern districts shortly before midnight, after a fault at "
    "a substation had left 40,000 homes in the dark and stopped the trams.",
    "The probe entered orbit around the moon on Tuesday and sent back its first pictures: a grey "
    "plain, a crater's rim, and far behind them a thin blue line.",
    "El alcalde prometió que las obras del puerto terminarían antes del verano.",
    "Die Feuerwehr rettete in der Nacht zwölf Menschen aus einem brennenden Hochhaus.",
    "Le musée rouvrira ses portes en septembre, après trois ans de travaux.",
    "Two former executives of the lender were charged with fraud. Prosecutors say that they hid "
    "losses of €1.3bn in a chain of shell companies registered in Cyprus and the Isle of Man, and "
    "paid themselves bonuses on the profit that this left in the books.",
    "Fishing boats stayed in harbour for a sixth day as their owners waited for the price of "
    "diesel to fall. The market hall, usually loud by five in the morning, was empty but for a man "
    "hosing down the floor.",
    "The school will teach in the local language until the age of nine. Supporters point to a "
    "trial in which reading improved by a year; opponents fear that children will be left behind "
    "when they reach secondary school and meet its textbooks.",
    "Researchers drilled 3,200 metres into the ice and drew up air that was last breathed 1.2 "
    "million years ago, in which they mean to count carbon dioxide.",
    "The chip maker will build its plant in the east, beside a reservoir, with a subsidy of $5bn "
    "and a promise of 3,000 jobs. Farmers downstream have asked how much water it needs. The "
    "company's answer, twenty million litres a day, was given on page 340 of an annexe.",
    "Negotiators left the hotel at dawn without a deal. The ceasefire runs out on Friday, the aid "
    "convoy waits at the border, and neither side would say whether it will come back to the "
    "table; the mediator, grey with fatigue, said only that both had taken the papers home.",
    "Goalkeeper M. O'Neill-Sørensen (knee) is out until April; see page B12 or www.example.com.",
    "At the weekly market a kilo of onions costs what a day's work paid last year. Traders bring "
    "less of everything, customers buy it by the piece, and the women who once cooked for the "
    "drivers have gone home to their villages.",
    "The orchestra played without a conductor for the first time. It began uncertainly, the horns "
    "half a beat behind, found itself in the slow movement, and ended to an applause that went on "
    "until the hall's caretaker turned up the lights.",
    "Wolves have returned to the forest after a hundred and fifty years, and the shepherds who "
    "graze its edges have bought dogs, fences and lamps. The state pays for each lamb that can be "
    "shown to have been taken; showing it, they say, is the harder part.",
    "Commuters face another week of delays. Signals between the two main stations date from 1968, "
    "spare parts are made to order by a single workshop, and its owner retires in June. The "
    "operator has asked for money to replace them every year since 2011.",
    "The court ruled that the newspaper may publish the letters. Privacy, it wrote, does not end "
    "at the office door, yet a minister who settles public business by private mail cannot expect "
    "the public never to read it. The ministry has thirty days in which to appeal, and the editor "
    "said that the first instalment would appear on Sunday.",
    _LONG,
)
"""32 texts of 1 to 280 tokens; the last text exceeds the limit of most models."""
