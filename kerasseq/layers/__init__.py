"""Layers: cells, attentions, encoders and the decoder. Importing them makes saved models loadable."""

from kerasseq.layers.activation_regularization import ActivationRegularization
from kerasseq.layers.attention.bahdanau import Bahdanau
from kerasseq.layers.attention.fixed_context import FixedContext
from kerasseq.layers.attention.luong import Luong, LuongConcat
from kerasseq.layers.attention_rnn import AttentionRNN
from kerasseq.layers.bridge import StateBridge
from kerasseq.layers.cells.coupled_lstm import CoupledLSTM
from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.cells.lstm import LSTM
from kerasseq.layers.cells.mingru import MinGRU
from kerasseq.layers.cells.minlstm import MinLSTM
from kerasseq.layers.cells.peephole_lstm import PeepholeLSTM
from kerasseq.layers.cells.rnn import RNN
from kerasseq.layers.chain import tag_marginals, viterbi
from kerasseq.layers.characters.cnn import CharacterCNN
from kerasseq.layers.characters.lstm import CharacterLSTM
from kerasseq.layers.crf import CRF, CRFLoss
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.embedding_dropout import EmbeddingDropout
from kerasseq.layers.encoders.pyramidal import PyramidalEncoder
from kerasseq.layers.encoders.recurrent import RecurrentEncoder
from kerasseq.layers.forecasting.direct_forecast import DirectForecast
from kerasseq.layers.forecasting.fill_missing import FillMissing
from kerasseq.layers.forecasting.recursive_forecast import RecursiveForecast
from kerasseq.layers.forecasting.window_normalization import ForecastOutput, WindowNormalization
from kerasseq.layers.frame_scores import FrameScores
from kerasseq.layers.front_ends.frames import Frames
from kerasseq.layers.front_ends.log_mel import LogMel
from kerasseq.layers.front_ends.rows import Rows
from kerasseq.layers.image_augmentation import ImageAugmentation
from kerasseq.layers.image_encoders.application import ApplicationEncoder
from kerasseq.layers.image_encoders.cnn import ConvolutionalEncoder
from kerasseq.layers.image_memory import ImageMemory
from kerasseq.layers.pooling.attention import AttentionPooling
from kerasseq.layers.pooling.last import LastPooling
from kerasseq.layers.pooling.max import MaxPooling
from kerasseq.layers.pooling.mean import MeanPooling
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.sequence_summary import SequenceSummary
from kerasseq.layers.spec_augment import SpecAugment
from kerasseq.layers.speech_encoder import SpeechEncoder
from kerasseq.layers.speed_perturbation import SpeedPerturbation
from kerasseq.layers.stack import RecurrentStack
from kerasseq.layers.subsampling import Subsampling
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.layers.token_recurrence import TokenRecurrence

__all__ = [
    "CRF", "GRU", "LSTM", "RNN", "ActivationRegularization", "ApplicationEncoder", "AttentionPooling",
    "AttentionRNN", "Bahdanau", "CRFLoss", "CharacterCNN", "CharacterLSTM", "ConvolutionalEncoder",
    "CoupledLSTM", "DirectForecast", "EmbeddingDropout", "FillMissing", "FixedContext", "ForecastOutput",
    "FrameScores", "Frames", "ImageAugmentation", "ImageMemory", "LastPooling", "LogMel", "Luong",
    "LuongConcat", "MaxPooling", "MeanPooling", "MinGRU", "MinLSTM", "PeepholeLSTM", "PyramidalEncoder",
    "Recurrent", "RecurrentDecoder", "RecurrentEncoder", "RecurrentStack", "RecursiveForecast", "Rows",
    "SequenceSummary", "SpecAugment", "SpeechEncoder", "SpeedPerturbation", "StateBridge", "Subsampling",
    "TokenDecoder", "TokenDropout", "TokenRecurrence", "WindowNormalization", "tag_marginals", "viterbi",
]  # fmt: skip
