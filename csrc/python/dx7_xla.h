// Rendering as a custom call of XLA programs.
#pragma once

namespace synthrl::python {

// Handler of the call: presets, notes → audio. Arguments, all with the leading axes of `presets`
// flattened: presets [..., 155] float32 or [..., 128] uint8, note and velocity [...] int32,
// gate_s [...] float32. Attributes: renderer (see `share_renderer`), fade_samples. Result: audio
// [..., S] float32. Problems with the input become errors of the call.
void* xla_render_handler();

}  // namespace synthrl::python
