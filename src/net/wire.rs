//! The byte stream of one connection, watched: who is waited for, since when, and how much has gone out.
//!
//! The stream itself never ends a connection; it keeps the notes from which `connection` decides.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Opened, not a byte has come.
    Fresh,
    /// The head of a request is coming in.
    Head,
    /// A request is being worked on or its answer sent.
    Busy,
    /// The last answer is out, nothing has come since.
    Idle,
}

#[derive(Debug)]
struct Notes {
    phase: Phase,
    since: Instant,
    /// Bytes sent so far.
    sent: u64,
    /// Whether the last try to send had to wait for the other end.
    waiting: bool,
    /// When the present stretch of waiting began, and the bytes sent by then.
    stretch: Option<(Instant, u64)>,
}

/// The notes on one connection, shared by its stream, its service and its watcher.
#[derive(Clone, Debug)]
pub(super) struct Pulse(Arc<Mutex<Notes>>);

impl Pulse {
    pub(super) fn new() -> Self {
        let notes =
            Notes { phase: Phase::Fresh, since: Instant::now(), sent: 0, waiting: false, stretch: None };
        Self(Arc::new(Mutex::new(notes)))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves to `phase`, from now on.
    pub(super) fn enter(&self, phase: Phase) {
        let mut notes = self.notes();
        notes.phase = phase;
        notes.since = Instant::now();
    }

    /// The phase and how long it has lasted.
    pub(super) fn phase(&self) -> (Phase, Duration) {
        let notes = self.notes();
        (notes.phase, notes.since.elapsed())
    }

    fn received(&self) {
        let mut notes = self.notes();
        if matches!(notes.phase, Phase::Fresh | Phase::Idle) {
            notes.phase = Phase::Head;
            notes.since = Instant::now();
        }
    }

    fn sending(&self, outcome: &Poll<io::Result<usize>>) {
        let mut notes = self.notes();
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                notes.sent += *bytes as u64;
                notes.waiting = false;
            }
            Poll::Ready(Err(_)) => notes.waiting = false,
            Poll::Pending => {
                notes.waiting = true;
                let begun = (Instant::now(), notes.sent);
                notes.stretch.get_or_insert(begun);
            }
        }
    }

    /// Whether the other end takes less than `least` bytes in `stretch`, while there is more to send.
    pub(super) fn is_stalled(&self, stretch: Duration, least: u64) -> bool {
        let mut notes = self.notes();
        let Some((begun, sent)) = notes.stretch else {
            return false;
        };
        if begun.elapsed() < stretch {
            return false;
        }
        let stalled = notes.waiting && notes.sent - sent < least;
        notes.stretch = notes.waiting.then(|| (Instant::now(), notes.sent));
        stalled
    }
}

/// The stream of a connection, in clear or in TLS.
#[derive(Debug)]
pub(super) enum Wire {
    /// In clear.
    Plain(TcpStream),
    /// In TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Makes the kernel forget what was not sent when the stream is dropped.
    pub(super) fn forget_unsent(&self) {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        };
        if let Err(error) = socket.set_zero_linger() {
            tracing::debug!(%error, "a connection cannot be reset");
        }
    }
}

/// A wire whose every move is noted.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) wire: Wire,
    pub(super) pulse: Pulse,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            self.pulse.received();
        }
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        };
        self.pulse.sending(&outcome);
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_write_vectored(cx, parts),
        };
        self.pulse.sending(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        };
        if outcome.is_pending() {
            self.pulse.sending(&Poll::Pending);
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRETCH: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_stalled_after_the_stretch() {
        let pulse = Pulse::new();
        pulse.sending(&Poll::Pending);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert!(!pulse.is_stalled(STRETCH, 1_000));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(pulse.is_stalled(STRETCH, 1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_not_stalled_and_a_trickling_one_is() {
        for (bytes, stalled) in [(400, false), (10, true)] {
            let pulse = Pulse::new();
            pulse.sending(&Poll::Pending);
            for _ in 0..10 {
                tokio::time::advance(Duration::from_secs(4)).await;
                pulse.sending(&Poll::Ready(Ok(bytes)));
                pulse.sending(&Poll::Pending);
            }
            assert_eq!(pulse.is_stalled(STRETCH, 1_000), stalled, "{bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_taken_all_is_not_stalled_however_long_ago() {
        let pulse = Pulse::new();
        pulse.sending(&Poll::Pending);
        pulse.sending(&Poll::Ready(Ok(1)));
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(!pulse.is_stalled(STRETCH, 1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_begin_a_head_only_when_none_is_being_answered() {
        let pulse = Pulse::new();
        pulse.received();
        assert_eq!(pulse.phase().0, Phase::Head);
        pulse.enter(Phase::Busy);
        pulse.received();
        assert_eq!(pulse.phase().0, Phase::Busy);
        pulse.enter(Phase::Idle);
        pulse.received();
        assert_eq!(pulse.phase().0, Phase::Head);
    }
}
