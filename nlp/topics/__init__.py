"""Topics: which feedback says the same thing, under a name a person can read, with an id that lasts.

    corpus   what is grouped: masked texts with their embeddings, channels, label features and demands
    space    where groups are looked for: channel means removed, whitened, labels beside the words
    clusters the groups themselves
    match    ids that continue from the previous fit
    represent names, and texts that show what a topic is about
    model    what a fit leaves behind: assigns new feedback in well under 5 ms
    fit      all of it in order, through BERTopic

Only `fit` needs BERTopic (and with it numba and torch); it imports them when it is called, so that a process
which reads topics or assigns feedback never pays for them.
"""
