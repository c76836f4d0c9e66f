//! `nearest_rank(seconds)`: an aggregate of SQL that tells how many values there are, and which 50, 85 and 95 of a hundred do not
//! exceed. A value below zero counts as zero: a clock that was set back makes no time negative.
//!
//! Nearest rank: of `n` values in order, the one at place `ceil(p n / 100)`, so that each answer is a value that there was.
//! Values are kept, not ordered, and each place is found by selection (Hoare's quickselect, as `select_nth_unstable` has it).
//! They take 8 bytes each, twice that while they grow, of the memory that questions may hold; they cannot go to disk, so a question
//! for which it does not suffice is refused.

use arrow::array::{ArrayRef, AsArray, Int64Array, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};
use std::sync::Arc;

/// Of a hundred, and the name of the answer's field.
const RANKS: [(usize, &str); 3] = [(50, "p50_s"), (85, "p85_s"), (95, "p95_s")];

/// The function.
pub(crate) fn function() -> AggregateUDF {
    create_udaf(
        "nearest_rank",
        vec![DataType::Int64],
        Arc::new(DataType::Struct(fields())),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::<Values>::default())),
        Arc::new(vec![DataType::List(element())]),
    )
}

fn fields() -> Fields {
    let ranks = RANKS.map(|(_, name)| Field::new(name, DataType::Int64, true));
    let count = Field::new("count", DataType::Int64, false);
    std::iter::once(count).chain(ranks).collect()
}

fn element() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Int64, true))
}

/// The values so far.
#[derive(Debug, Default)]
struct Values(Vec<i64>);

impl Values {
    fn add(&mut self, values: &ArrayRef) {
        let values = values.as_primitive::<Int64Type>().iter().flatten();
        self.0.extend(values.map(|value| value.max(0)));
    }

    /// The value at the place of so many of a hundred; none where there are none.
    fn at(&mut self, hundredths: usize) -> Option<i64> {
        let place = (self.0.len() * hundredths).div_ceil(100);
        let place = place.checked_sub(1)?;
        Some(*self.0.select_nth_unstable(place).1)
    }
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0]);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.0.reserve_exact(values.len());
            self.add(&values);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = Int64Array::from(std::mem::take(&mut self.0));
        let lengths = OffsetBuffer::from_lengths([values.len()]);
        let list = ListArray::try_new(element(), lengths, Arc::new(values), None)?;
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let count = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        let ranks = RANKS.map(|(hundredths, _)| self.at(hundredths));
        let columns = std::iter::once(Some(count)).chain(ranks);
        let columns = columns.map(|value| Arc::new(Int64Array::from(vec![value])) as ArrayRef);
        let answer = StructArray::try_new(fields(), columns.collect(), None)?;
        Ok(ScalarValue::Struct(Arc::new(answer)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By walking over the values in order, as the definition says.
    fn counted(values: &[i64], hundredths: usize) -> Option<i64> {
        let mut values = values.to_vec();
        values.sort_unstable();
        let mut numbered = (1..).zip(&values);
        let reached = numbered.find(|(place, _)| place * 100 >= values.len() * hundredths);
        reached.map(|(_, value)| *value)
    }

    #[test]
    fn each_rank_is_the_first_value_that_so_many_do_not_exceed() {
        for count in 0..=201_i64 {
            let values: Vec<_> = (0..count).map(|n| n * 7_919 % 211).collect();
            for (hundredths, _) in RANKS {
                let found = Values(values.clone()).at(hundredths);
                assert_eq!(
                    found,
                    counted(&values, hundredths),
                    "{hundredths} of {count}"
                );
            }
        }
    }

    #[test]
    fn parts_that_were_counted_apart_come_together() {
        let mut whole = Values::default();
        for part in [vec![Some(5), None, Some(-3)], vec![], vec![Some(9)]] {
            let mut accumulator = Values::default();
            let values: ArrayRef = Arc::new(Int64Array::from(part));
            accumulator.update_batch(&[values]).expect("values");
            let state = accumulator.state().expect("a state");
            let state = state.iter().map(|part| part.to_array().expect("an array"));
            whole
                .merge_batch(&state.collect::<Vec<_>>())
                .expect("a state");
        }
        whole.0.sort_unstable();
        assert_eq!(whole.0, [0, 5, 9]);
    }
}
