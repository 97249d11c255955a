#include "surge/oscillators/twist/chords.h"

namespace synthrl::surge::twist {
namespace {

constexpr std::size_t kNumNotes = 4;
constexpr std::array<std::array<float, kNumNotes>, 11> kChords = {{
    {0.0f, 0.01f, 11.99f, 12.0f},
    {0.0f, 7.01f, 7.0f, 12.0f},
    {0.0f, 5.0f, 7.0f, 12.0f},
    {0.0f, 3.0f, 7.0f, 12.0f},
    {0.0f, 3.0f, 7.0f, 10.0f},
    {0.0f, 3.0f, 10.0f, 14.0f},
    {0.0f, 3.0f, 10.0f, 17.0f},
    {0.0f, 2.0f, 9.0f, 16.0f},
    {0.0f, 4.0f, 11.0f, 14.0f},
    {0.0f, 4.0f, 7.0f, 11.0f},
    {0.0f, 4.0f, 7.0f, 12.0f},
}};

constexpr float kTuning = 0.998f;
constexpr float kNoteGain = 0.25f;
constexpr int kLowestNote = -8;  // of the chord, which continues in every octave
constexpr float kInversions = 20.0f;

// Levels of saws, then squares at the note and one and two octaves above it.
constexpr std::size_t kNumStops = 6;
using Registration = std::array<float, kNumStops>;
constexpr std::array<Registration, 8> kRegistrations = {{
    {1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f},
    {0.5f, 0.0f, 0.0f, 0.5f, 0.0f, 0.0f},
    {0.4f, 0.3f, 0.0f, 0.3f, 0.0f, 0.0f},
    {0.3f, 0.3f, 0.0f, 0.2f, 0.2f, 0.0f},
    {0.3f, 0.0f, 0.3f, 0.2f, 0.2f, 0.0f},
    {0.0f, 0.4f, 0.2f, 0.2f, 0.0f, 0.2f},
    {0.0f, 0.3f, 0.0f, 0.0f, 0.4f, 0.3f},
    {0.0f, 0.0f, 0.4f, 0.0f, 0.0f, 0.6f},
}};
constexpr float kNumWaves = 15.0f;

template <std::size_t num_harmonics>
std::array<float, num_harmonics> wave_spectrum(float wave) noexcept {
  std::array<float, num_harmonics> spectrum;
  const float centre = 4.0f * wave / kNumWaves;  // octaves
  for (std::size_t i = 0; i < num_harmonics; ++i) {
    const float octave = std::log2(static_cast<float>(i + 1));
    const float d = octave - centre;
    spectrum[i] = 0.8f * std::exp(-2.0f * d * d) + 0.5f * std::exp2(-2.0f * octave);
  }
  normalise(spectrum);
  return spectrum;
}

}  // namespace

void Chords::start(Rng) noexcept { *this = Chords(); }

void Chords::choose_chord(float harmonics) noexcept {
  // Between two chords the last one stays.
  const float at = std::clamp(1.02f * harmonics * static_cast<float>(kChords.size() - 1), 0.0f,
                              static_cast<float>(kChords.size() - 1));
  if (!started_ || std::abs(at - static_cast<float>(chord_)) > 0.6f) {
    chord_ = static_cast<std::size_t>(at + 0.5f);
  }
  started_ = true;
}

void Chords::render(const EngineControls& controls, float* out, float* aux,
                    int num_frames) noexcept {
  choose_chord(controls.harmonics);
  // The four notes to sound move upwards; one fades out below as the next fades in above.
  const float inversion = kInversions * controls.timbre;
  const float lowest = std::floor(inversion);
  const float fade = inversion - lowest;

  const float m = controls.morph;
  const float waves_share = clamp01((m - 0.465f) / 0.07f);
  Registration registration{};
  const float stop = clamp01(1.0f - 2.15f * m) * static_cast<float>(kRegistrations.size() - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(stop), kRegistrations.size() - 2);
  for (std::size_t i = 0; i < kNumStops; ++i) {
    registration[i] = std::lerp(kRegistrations[below][i], kRegistrations[below + 1][i],
                                stop - static_cast<float>(below));
  }
  const Wave::Spectrum spectrum =
      wave_spectrum<kNumHarmonics>((kNumWaves - 1.0f) * clamp01(2.15f * (m - 0.535f)));

  std::fill_n(out, num_frames, 0.0f);
  std::fill_n(aux, num_frames, 0.0f);
  for (std::size_t v = 0; v < kNumVoices; ++v) {
    Voice& voice = voices_[v];
    // A voice keeps its note while the window moves over it.
    const int first = static_cast<int>(lowest);
    const int place = (static_cast<int>(v) - first % static_cast<int>(kNumVoices) +
                       static_cast<int>(kNumVoices)) %
                      static_cast<int>(kNumVoices);
    const int note = kLowestNote + first + place;
    constexpr int kNotes = static_cast<int>(kNumNotes);
    const int degree = ((note % kNotes) + kNotes) % kNotes;
    const int octave = (note - degree) / kNotes;
    const float semitones =
        kChords[chord_][static_cast<std::size_t>(degree)] + 12.0f * static_cast<float>(octave);
    const float frequency = controls.frequency * kTuning * semitones_to_ratio(semitones);
    const float share = place == 0 ? 1.0f - fade : place == kNotes ? fade : 1.0f;

    std::array<float, kMaxFrames> sound{};
    Ramp gain(voice.gain, kNoteGain * share, num_frames);
    if (waves_share < 1.0f) {
      // In phase with the sines of the waves, so that nothing cancels on the way to those.
      constexpr TwoLineWave kSaw = {0.5f, 1.0f, 0.0f, 0.0f, -1.0f};
      constexpr TwoLineWave kSquare = {0.5f, 1.0f, 1.0f, -1.0f, -1.0f};
      float f = frequency;
      for (std::size_t k = 0; k < kNumFootages; ++k, f *= 2.0f) {
        if (f >= 0.45f) break;
        for (int i = 0; i < num_frames; ++i) {
          sound[static_cast<std::size_t>(i)] +=
              (1.0f - waves_share) *
              (registration[k] * voice.saws[k].process(kSaw, f) +
               registration[kNumFootages + k] * voice.squares[k].process(kSquare, f));
        }
      }
    }
    if (waves_share > 0.0f) {
      voice.wave.add(spectrum, std::min(frequency, 0.5f), waves_share, sound.data(), num_frames);
    }
    for (int i = 0; i < num_frames; ++i) {
      const float x = gain.next() * sound[static_cast<std::size_t>(i)];
      out[i] += x;
      if (degree == 0) aux[i] += 3.0f * x;
    }
  }
}

}  // namespace synthrl::surge::twist
