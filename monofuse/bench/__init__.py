"""The field's benchmarks: data sets in their original form, their sequences, protocols and published figures."""
