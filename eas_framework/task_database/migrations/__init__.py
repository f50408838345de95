"""Changes of the tables, one file ``NN_name.sql`` for each; one that was released is never edited.

``NN`` is the schema version that the file leads to. The same change stands in ``schema.sql``, which always
makes the newest tables.
"""
