"""Images with true depth to train and measure on, one file per dataset behind one protocol; augmentation."""
