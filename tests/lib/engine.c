/* SPDX-License-Identifier: MIT */
/* Compiled twice: MWT_ENGINE is the name of the table. */
#include "lib/engine.h"

#include "codec/ieee754.h"

const struct mwt_engine MWT_ENGINE = {
    .reader_init = mwi_reader_init,
    .reader_finish = mwi_reader_finish,
    .peek = mwi_peek,
    .read_uint = mwi_read_uint,
    .read_int = mwi_read_int,
    .read_bool = mwi_read_bool,
    .read_null = mwi_read_null,
    .read_float_bits = mwi_read_float_bits,
    .read_bytes = mwi_read_bytes,
    .read_text = mwi_read_text,
    .read_array = mwi_read_array,
    .read_map = mwi_read_map,
    .read_tag = mwi_read_tag,
    .leave = mwi_leave,
    .skip = mwi_skip,
    .read_number = mwi_read_number,
    .decode = mwi_decode,
    .writer_init = mwi_writer_init,
    .write_uint = mwi_write_uint,
    .write_int = mwi_write_int,
    .write_bool = mwi_write_bool,
    .write_null = mwi_write_null,
    .write_f32 = mwi_write_f32,
    .write_f64 = mwi_write_f64,
    .write_bytes = mwi_write_bytes,
    .write_text = mwi_write_text,
    .write_array = mwi_write_array,
    .write_map = mwi_write_map,
    .write_tag = mwi_write_tag,
    .encode = mwi_encode,
};
