"""What every other package stands on: errors, command line, files, transforms, cameras; and calibrating a camera."""
