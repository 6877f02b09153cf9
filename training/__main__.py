"""`python -m training`: from public weights and labelled rows to the model folder that ships.

python -m training base --texts CORPUS …      the base encoder with a Chinese vocabulary
python -m training join --public SETS …       the labels read for this project beside their texts
python -m training adapt --public SETS …      how customers write and what they ask, without labels
python -m training finetune --data ROWS …     the teacher: all layers, all heads
python -m training distil --data ROWS …       the student that ships
python -m training wide --data ROWS …         the n-gram part beside them
python -m training export --data ROWS …       int8 folder, calibrated on the development fold
python -m training evaluate --data ROWS …     figures of the model and its peers
python -m training folds --data ROWS …        figures of five models, each on the fold it did not learn from
python -m training embedding --public SETS …  the sentence embedding and its peers, reviews
python -m training deletion --data ROWS …     whether the evidence carries the labels
python -m training masking --data ROWS …      how much of the personal data is found, beside libraries
python -m training noise --data ROWS …        labels to look at again
python -m training agreement --data ROWS …    how far two readers agree, and the model with each
python -m training curve --report FIGURES …   how well each system reads over what it costs, as a picture
python -m training card --report FIGURES …    the model card
"""

from __future__ import annotations

import typer

from training import judge, teach

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.add_typer(teach.app)
app.add_typer(judge.app)

if __name__ == "__main__":
    app()
