//! COPY of a file's data into a table.

use std::io::Read;

use postgres_protocol::message::frontend;

use super::copying::{CopyDirection, closed, refused};
use super::{Connection, ExchangeResult};
use crate::wire::codec::speaking;
use crate::wire::error_response::ErrorResponse;
use martydb_model::sql::Statement;

/// Size of the frames that a file is sent in: the server takes a row from any number of them.
const PIECE: usize = 64 << 10;

impl Connection {
    /// Runs `COPY … FROM STDIN` with the data of a file, and returns the number of rows. If it fails, nothing is written.
    ///
    /// # Errors
    /// As [`Connection::run`]; a file that cannot be read is an error of the server, which then stores nothing.
    #[crate::boxed]
    pub async fn copy_in(
        &mut self,
        statement: &Statement,
        source: &mut (dyn Read + Send),
    ) -> ExchangeResult<u64> {
        match self.write_copy(statement, source).await {
            Ok(rows) => Ok(rows),
            Err(response) => Err(self.failed(response)),
        }
    }

    async fn write_copy(
        &mut self,
        statement: &Statement,
        source: &mut (dyn Read + Send),
    ) -> Result<u64, ErrorResponse> {
        let _running = self.start_copy(statement, CopyDirection::In).await?;
        let Some(wire) = self.wire.as_mut() else { return Err(closed()) };
        let mut piece = vec![0; PIECE];
        let end = loop {
            match source.read(&mut piece) {
                Ok(0) => break None,
                Ok(length) => {
                    let data =
                        frontend::CopyData::new(&piece[..length]).map_err(|error| too_large(&error))?;
                    wire.send(|out| {
                        data.write(out);
                        Ok(())
                    })
                    .await?;
                    refused(wire).map_err(|response| *response)?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error.to_string()),
            }
        };
        wire.send(|out| match &end {
            None => {
                frontend::copy_done(out);
                Ok(())
            }
            Some(why) => frontend::copy_fail(why, out),
        })
        .await?;
        self.read_rest().await
    }
}

fn too_large(error: &std::io::Error) -> ErrorResponse {
    speaking(format!("cannot encode the message: {error}")).into()
}
