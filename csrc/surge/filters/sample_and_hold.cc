#include "surge/filters/sample_and_hold.h"

#include "surge/filters/filter_tables.h"

namespace synthrl::surge {

Coefficients sample_and_hold_coefficients(float sample_rate_hz, float cutoff_semitones,
                                          float resonance) {
  return {FilterTables::frequency_hz(cutoff_semitones) / sample_rate_hz, resonance};
}

}  // namespace synthrl::surge
