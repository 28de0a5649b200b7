"""For each task the shipped recipe that stands for it."""

OF_TASK = {
    "captioner": "caption_scenes",
    "forecaster": "forecast_load",
    "language_model": "generate_text",
    "seq2seq": "translate_dates",
    "sequence_classifier": "classify_reviews",
    "sequence_tagger": "tag_sentences",
    "speech_recognizer": "recognize_digits",
}
