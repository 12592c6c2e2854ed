"""
Recognize spoken digits from their sound.

    SKRNN_DATA=folder/with/fsdd python examples/spoken_digits.py

In the Free Spoken Digit Dataset, six speakers say each digit fifty times. SciPy turns a recording
into cepstral coefficients every 10 ms, so that a digit is a sequence of 12 to 226 steps, and
`RNNClassifier` reads it with its defaults. The script prints the accuracy of the official split, in
which the first five recordings of each speaker and digit are the test set, and for speakers that
are not in the training data. The latter takes six fits, one for each speaker.
"""

import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.io import wavfile

FRAME, HOP, N_FFT = 0.025, 0.010, 256  # seconds of a frame, seconds between frames
N_FILTERS, N_COEFFICIENTS = 26, 13


def read_recordings(archive):
    """Return recordings as a list of (samples, rate), and arrays of digits, speakers and takes."""
    recordings, labels = [], []
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if name.endswith(".wav"):
                digit, speaker, take = Path(name).stem.split("_")
                rate, samples = wavfile.read(io.BytesIO(files.read(name)))
                recordings.append((samples.astype(float), rate))
                labels.append((int(digit), speaker, int(take)))
    return recordings, *map(np.array, zip(*labels, strict=True))


def mel_filters(rate):
    """Return triangular filters of shape (N_FILTERS, frequencies), evenly spaced in mel."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, N_FILTERS + 2) / 2595) - 1)
    left, middle, right = (corners[i : i + N_FILTERS, None] for i in range(3))
    frequencies = fft.rfftfreq(N_FFT, 1 / rate)
    rising, falling = (
        (frequencies - left) / (middle - left),
        (right - frequencies) / (right - middle),
    )
    return np.maximum(0, np.minimum(rising, falling))


def cepstra(samples, rate):
    """Return mel-frequency cepstral coefficients and their differences, (n_steps, 26).

    The mean of each coefficient is subtracted, because it depends on the voice and the microphone
    rather than on the digit.
    """
    size, hop = round(FRAME * rate), round(HOP * rate)
    samples = np.pad(samples, (0, max(0, size - len(samples))))
    samples = np.append(
        samples[0], samples[1:] - 0.97 * samples[:-1]
    )  # emphasizes high frequencies
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hamming(size)
    power = np.abs(fft.rfft(frames, N_FFT)) ** 2
    # The summand is far below a quiet sound of 16-bit samples. It avoids log(0) in digital silence.
    energies = np.log(power @ mel_filters(rate).T + 1.0)
    coefficients = fft.dct(energies, norm="ortho")[:, :N_COEFFICIENTS]
    coefficients -= coefficients.mean(axis=0)
    around = np.pad(coefficients, ((2, 2), (0, 0)), mode="edge")
    # The slope of a line through five steps.
    slopes = (around[3:-1] - around[1:-3] + 2 * (around[4:] - around[:-4])) / 10
    return np.hstack([coefficients, slopes])


def main():
    """Fit and score on the official split, and without each speaker."""
    from skrnn import RNNClassifier

    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that contains fsdd/recordings.zip.")
    recordings, digits, speakers, takes = read_recordings(Path(folder) / "fsdd" / "recordings.zip")
    X = np.empty(len(recordings), dtype=object)  # rows of different lengths, selected by an array
    X[:] = [cepstra(*recording) for recording in recordings]
    lengths = [len(row) for row in X]
    print(f"{len(X)} recordings of {min(lengths)} to {max(lengths)} steps")

    def accuracy(test):
        clf = RNNClassifier(random_state=0).fit(X[~test], digits[~test])
        return clf.score(X[test], digits[test])

    print(f"official split: {accuracy(takes < 5):.3f}")
    scores = []
    for speaker in np.unique(speakers):
        scores.append(accuracy(speakers == speaker))
        print(f"without {speaker}: {scores[-1]:.3f}", flush=True)
    print(f"mean of the six speakers: {np.mean(scores):.3f}")


if __name__ == "__main__":
    main()
